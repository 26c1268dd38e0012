"""Who uses an Application, and how much: counted beside introspection, read by its pages."""
