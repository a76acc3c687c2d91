"""Mail in development and the demo: a local SMTP server catches it, /dev/mail/ shows it."""
