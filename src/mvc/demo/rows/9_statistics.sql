-- Statistics
VACUUM (ANALYZE)
  organizations, users, organization_users, services, locations, pricing_plans, availabilities,
  reservations, reservation_services, payments, reviews
