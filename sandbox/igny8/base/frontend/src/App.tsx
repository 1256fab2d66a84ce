import { lazy, Suspense, type ReactNode } from 'react';
import { createBrowserRouter, RouterProvider } from 'react-router';
import { Loading } from './components/Loading';
import { PageError } from './components/PageError';
import { AppLayout } from './layout/AppLayout';

const SignIn = lazy(() => import('./pages/SignIn'));
const Register = lazy(() => import('./pages/Register'));
const Dashboard = lazy(() => import('./pages/Dashboard'));
const Restricted = lazy(() => import('./pages/Restricted'));
const Premium = lazy(() => import('./pages/Premium'));
const NotFound = lazy(() => import('./pages/NotFound'));

/** Shows a page of its own chunk, with a loading note until the chunk is here. */
function page(element: ReactNode): ReactNode {
  return <Suspense fallback={<Loading what="page" />}>{element}</Suspense>;
}

const router = createBrowserRouter([
  { path: '/signin', element: page(<SignIn />), errorElement: <PageError /> },
  { path: '/register', element: page(<Register />), errorElement: <PageError /> },
  {
    path: '/',
    element: <AppLayout />,
    errorElement: <PageError />,
    children: [
      { index: true, element: page(<Dashboard />) },
      { path: 'restricted', element: page(<Restricted />) },
      { path: 'premium', element: page(<Premium />) },
      { path: '*', element: page(<NotFound />) },
    ],
  },
]);

export function App() {
  return <RouterProvider router={router} />;
}
