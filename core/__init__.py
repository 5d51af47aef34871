"""The shared core: what a question becomes, whatever the place it was asked in. It knows no platform and no subject."""
