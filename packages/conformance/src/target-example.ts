/** The file that `postern-conformance init` writes: every key that a target file may hold, with what it is for. */

export const targetExample = `# What postern-conformance tests. Everything is optional; what is missing makes modules skip, never pass.
# Every secret may stand in a file of its own: write its key with _file behind it, such as password_file: mary.txt.
# Names of files are relative to this one. Use accounts and clients that exist for tests only.

# The issuer, letter for letter as in its metadata. https, or http on this machine.
issuer: https://login.example.com/realm

# Clients that the issuer knows. authentication is one of none, client_secret_basic, client_secret_post, private_key_jwt;
# without it: private_key_jwt with a key, client_secret_basic with a secret, none otherwise.
#clients:
#  public: # PKCE, no secret
#    client_id: kit-public
#    redirect_uri: http://127.0.0.1:7777/landing
#    scope: openid profile email address phone offline_access # everything it may ask for
#    post_logout_redirect_uri: http://127.0.0.1:7777/bye
#    resource: https://mail.example.com/ # RFC 8707: what to ask tokens for
#  confidential:
#    client_id: kit-confidential
#    redirect_uri: http://127.0.0.1:7777/landing
#    secret_file: confidential.secret
#    authentication: client_secret_basic
#    backchannel_logout_uri: http://127.0.0.1:7778/backchannel # the kit listens there
#  second: # another one, which must not get at what the first was given
#    client_id: kit-second
#    redirect_uri: http://127.0.0.1:7779/landing
#    secret_file: second.secret
#  keyed: # signs assertions
#    client_id: kit-keyed
#    redirect_uri: http://127.0.0.1:7777/landing
#    private_key_file: keyed.pem
#    key_id: kit
#  device: # may use the device flow
#    client_id: kit-device
#    redirect_uri: http://127.0.0.1:7777/landing

# Somebody whom the kit signs in through the issuer's own pages.
#person:
#  username: mary@example.com
#  password_file: mary.password
#  totp_secret_file: mary.totp # base32, where the issuer asks for a second factor
#second_person:
#  username: john@example.com
#  password_file: john.password

# A guarded address that takes the issuer's own tokens.
#resource:
#  url: https://mail.example.com/api/v1/me/messages
#  token_file: token.txt # one that it accepts now
#  audience: https://mail.example.com/ # how the issuer calls it (RFC 8707)
#  scope: Mail.Read
#  other_audience: https://files.example.com/ # another one, whose tokens it must refuse

# A server that the issuer knows by a certificate.
#server:
#  client_id: 8f5d0a4e-1f0b-4f6e-9f3d-2f3f0f6a7b8c
#  certificate_file: server.pem
#  private_key_file: server.key
#  resource: 00000002-0000-0ff1-ce00-000000000000/mail.example.com@6f96e0a2-8f0e-4d6e-8c1e-0a5b7c9d1e2f
#  person: # somebody for whom it may act
#    token_file: mary-at-server.txt # the person's access token for that server
#    resource: https://mail.example.com/
#    scope: https://mail.example.com/EAS.AccessAsUser.All # everything it may do there

# RFC 7591: for issuers where registration is not open to all.
#registration:
#  initial_access_token_file: registration.txt

# A mail server to be tested with the kit as its issuer: it must trust http://127.0.0.1:<issuer_port>/…, which the kit prints.
#mail_server:
#  url: http://127.0.0.1:8080/api/v1/me/messages # guarded, answers GET
#  audience: https://mail.example.com/
#  issuer_port: 7700
#  scope: Mail.Read
#  person: mary@example.com # somebody with a mailbox there
#  claims: # more members of the good token
#    roles: [reader]
#  legacy: true # it answers Basic, too
#  command: [node, server.js] # the kit starts it; POSTERN_CONFORMANCE_ISSUER names the kit's issuer
#  demands: # addresses that ask for more than a good token
#    assurance: { url: 'http://127.0.0.1:8080/api/v1/vault', acr: 'urn:example:mfa' }
#    recent_sign_in: { url: 'http://127.0.0.1:8080/api/v1/settings', max_age_seconds: 300 }
#  key_seconds: # how long it may go on with the keys that it has
#    new_key: 60
#    withdrawn: 600
#  act_as: # it takes tokens of servers that act for people
#    url: http://127.0.0.1:8080/ews
#    method: POST
#    content_type: text/xml
#    body: <request/>
#    principal: 00000002-0000-0ff1-ce00-000000000000/mail.example.com@6b1f0d52-77a3-4c8e-9d24-0c5e6f3a9b17
#    actor: 4d7e2a90-5c13-4f68-b1d9-8e06a3c7f524
#    person: mary@example.com
#    second_person: john@example.com
#    ambiguous: info@example.com
#    disabled: gone@example.com
#    administrator: admin@example.com
#    elsewhere: http://127.0.0.1:8080/calendar

# A mail client to be tested: the kit plays issuer and mail server, and the client is started once for each scene.
# Without a command the kit says where to point the client, and waits for it.
#client_under_test:
#  command: [./my-mail-client, --once] # POSTERN_CONFORMANCE_* in its environment say where everything is
#  wait_seconds: 30 # for one scene
#  client_id: my-mail-client
#  redirect_uri: http://127.0.0.1/callback
#  address: mary@example.com
#  issuer_port: 7701
#  mail_port: 7702

#response_mode: query # or form_post, for every authorization answer
# Hosts at which people sign in, where that is not the issuer's: only there is the password typed.
#sign_in_hosts: [accounts.example.com]
#timeout_milliseconds: 10000 # for one request
`
