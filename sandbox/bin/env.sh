# Sourced by the scripts beside it: the project's root, its virtual environment, and Ansible's configuration.
cd "$(dirname "$0")/../.."
PATH="$PWD/.venv/bin:$PATH"
ANSIBLE_CONFIG="$PWD/ansible.cfg"
export PATH ANSIBLE_CONFIG
