"""Client ID Metadata Documents (draft-ietf-oauth-client-id-metadata-document-02): a client whose id is the https URL of
what it says about itself. Read before the request's transaction opens, kept as a client of the installation.
"""
