# By zone and number of the key, as `pdnsutil list-keys` shows it.
terraform import powerdns_cryptokey.current 'lab.internal.:::1'
