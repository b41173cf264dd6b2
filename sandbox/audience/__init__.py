"""The people and machines who read what the sandbox's SMTP server took, and what they do then.

Who does what, and when, is pure (`plans`): it follows from a seed, the address and the subject. The
rest reads the Maildir and acts through the addresses that everybody can reach. See docs/sandbox.md.
"""
