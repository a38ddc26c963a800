"""The Session Description Protocol, pure: parse, print, offer and answer."""
