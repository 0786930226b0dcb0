ALTER TABLE "concerts" ADD COLUMN "created_by" uuid;--> statement-breakpoint
ALTER TABLE "concerts" ADD COLUMN "idempotency_key" text;--> statement-breakpoint
ALTER TABLE "transfers" ADD COLUMN "charged_by" uuid;--> statement-breakpoint
ALTER TABLE "transfers" ADD COLUMN "idempotency_key" text;--> statement-breakpoint
CREATE UNIQUE INDEX "concerts_one_per_key" ON "concerts" USING btree ("created_by","idempotency_key");--> statement-breakpoint
CREATE UNIQUE INDEX "transfers_one_per_key" ON "transfers" USING btree ("charged_by","idempotency_key");--> statement-breakpoint
ALTER TABLE "transfers" ADD CONSTRAINT "transfers_payment_has_no_key" CHECK ("transfers"."payment_id" is null or ("transfers"."charged_by" is null and "transfers"."idempotency_key" is null));