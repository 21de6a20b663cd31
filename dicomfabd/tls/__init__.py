"""TLS for every port and every sending: contexts that follow their files, and one connection as bytes in and out."""
