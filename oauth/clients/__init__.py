"""OAuth clients: which there are, what each says of itself, and the tenant's word on each."""
