# By the name of the key. The secret stays on the server.
terraform import powerdns_tsigkey.transfer 'transfer.'
