-- Rows that were superseded before the column was there.
UPDATE "expiry"."reminder_dispatch_log" AS l
   SET "may_have_reached" = true
 WHERE l."status" = 'superseded'
   AND EXISTS (
     SELECT FROM "expiry"."reminder_delivery_attempts" AS a
      WHERE a."log_id" = l."id" AND a."outcome" IN ('accepted', 'uncertain')
   );
