"""The OAuth abuse table: every row an attack, tried over HTTP against PostgreSQL, with the section that forbids it.

| attack | section | tried in |
|---|---|---|
| mix-up: whose answer is it? | RFC 9207 §2, RFC 9700 §4.4 | test_codes |
| code injection, code theft, replay | RFC 6749 §4.1.2, RFC 9700 §4.5 | test_codes |
| PKCE downgrade | RFC 7636 §4.6, RFC 9700 §2.1.1, §4.8 | test_codes |
| redirect games, open redirector | RFC 9700 §2.1, §4.1, §4.11, RFC 8252 §7 | test_redirects |
| resource swap, squatting of a resource URI | RFC 8707 §2, RFC 9728 §7.3 | test_resources |
| refresh reuse, refresh while suspended | RFC 9700 §4.14.2 | test_refresh |
| refresh race | RFC 9700 §4.14.2 | tests/walks/test_refresh_race |
| a token fetched while power ends | RFC 7009 §2.1 | test_races, tests/oauth/test_own_rivals |
| consent bypass, widened form | RFC 6749 §10.2, §3.3, RFC 9470 §5 | test_consent |
| CSRF, clickjacking | RFC 6749 §10.12, §10.13, RFC 9700 §4.7, §4.16 | test_consent |
| SSRF by metadata document | CIMD draft §6, RFC 7591 §5 | test_documents |
| two proofs at once, another's or a forged assertion | RFC 6749 §2.3, RFC 7523 §3 | tests/oauth/test_private_key_jwt |
| somebody else manages a registration | RFC 7592 §2, §5 | tests/oauth/test_registered |
| hostile names and logos | RFC 7591 §5 | test_names |
"""
