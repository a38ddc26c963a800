"""Use cases on accounts, realms, credentials, applications, trunks and numbers: the only writers of them."""
