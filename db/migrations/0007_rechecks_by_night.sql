DROP INDEX "expiry"."reminder_dispatch_log_pending_idx";--> statement-breakpoint
ALTER TABLE "expiry"."mentor_rechecks" ADD COLUMN "source" "expiry"."reminder_source" DEFAULT 'realtime' NOT NULL;--> statement-breakpoint
CREATE INDEX "reminder_dispatch_log_pending_idx" ON "expiry"."reminder_dispatch_log" USING btree ("threshold_day","id","available_at") WHERE status = 'pending';