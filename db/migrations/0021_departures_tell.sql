-- Made again: it tells of the message about each departure, and may be asked about one mentor.
DROP FUNCTION IF EXISTS "expiry"."forecast_departures"(integer);
