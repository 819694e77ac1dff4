"""Every stored or published JSON form: one shape for one value, with a format and a version."""
