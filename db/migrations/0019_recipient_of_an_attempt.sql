CREATE TYPE "expiry"."recipient_kind" AS ENUM('coordinator', 'fallback');--> statement-breakpoint
ALTER TABLE "expiry"."reminder_delivery_attempts" ADD COLUMN "recipient_kind" "expiry"."recipient_kind";--> statement-breakpoint
ALTER TABLE "expiry"."reminder_delivery_attempts" ADD COLUMN "recipient_email" text;