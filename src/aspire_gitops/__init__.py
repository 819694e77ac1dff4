"""Declarative config compiler and GitOps controller for a LiteLLM gateway."""
