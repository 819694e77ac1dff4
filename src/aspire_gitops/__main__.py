"""`python -m aspire_gitops` is `aspire-gitops`."""

from aspire_gitops.cli import main

if __name__ == "__main__":
    main()
