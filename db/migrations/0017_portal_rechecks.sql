CREATE TABLE "expiry"."portal_rechecks" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "expiry"."portal_rechecks_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"mentor_ids" uuid[] NOT NULL,
	"changed_at" timestamp with time zone NOT NULL,
	"noted_at" timestamp with time zone DEFAULT pg_catalog.clock_timestamp() NOT NULL
);
