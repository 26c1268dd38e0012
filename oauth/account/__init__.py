"""What a person does about themselves, in all tenants: connections, a copy of their data, leaving for good."""
