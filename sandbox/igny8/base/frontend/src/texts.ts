/** Words that are shown on every page. */
export const tagline = 'Notes that stay yours';
