"""What a compile makes: plain data, which a ledger keeps and a database is compared with."""
