CREATE TABLE "accounts" (
	"user_id" uuid PRIMARY KEY NOT NULL,
	"balance" bigint DEFAULT 0 NOT NULL,
	CONSTRAINT "accounts_balance_in_range" CHECK ("accounts"."balance" between 0 and 9007199254740991)
);
--> statement-breakpoint
CREATE TABLE "concerts" (
	"id" uuid PRIMARY KEY NOT NULL,
	"title" text NOT NULL,
	"queue_capacity" integer NOT NULL,
	"queue_rate_per_second" double precision,
	"queue_paused" boolean DEFAULT false NOT NULL,
	"queue_version" integer DEFAULT 1 NOT NULL,
	"queue_number_watermark" bigint DEFAULT 0 NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "concerts_queue_capacity_not_negative" CHECK ("concerts"."queue_capacity" >= 0),
	CONSTRAINT "concerts_queue_rate_positive" CHECK ("concerts"."queue_rate_per_second" > 0)
);
--> statement-breakpoint
CREATE TABLE "idempotency_keys" (
	"user_id" uuid NOT NULL,
	"key" text NOT NULL,
	"intent" jsonb NOT NULL,
	"answer" jsonb,
	"created_at" timestamp with time zone NOT NULL,
	CONSTRAINT "idempotency_keys_user_id_key_pk" PRIMARY KEY("user_id","key")
);
--> statement-breakpoint
CREATE TABLE "outbox" (
	"id" bigserial PRIMARY KEY NOT NULL,
	"type" text NOT NULL,
	"subject_id" uuid NOT NULL,
	"data" jsonb NOT NULL,
	"occurred_at" timestamp with time zone NOT NULL,
	"leased_until" timestamp with time zone
);
--> statement-breakpoint
CREATE TABLE "payments" (
	"id" uuid PRIMARY KEY NOT NULL,
	"reservation_id" uuid NOT NULL,
	"user_id" uuid NOT NULL,
	"amount" bigint NOT NULL,
	"paid_at" timestamp with time zone NOT NULL,
	CONSTRAINT "payments_reservationId_unique" UNIQUE("reservation_id")
);
--> statement-breakpoint
CREATE TABLE "performances" (
	"id" uuid PRIMARY KEY NOT NULL,
	"concert_id" uuid NOT NULL,
	"starts_at" timestamp with time zone NOT NULL,
	"seat_count" integer DEFAULT 50 NOT NULL,
	"seat_price" bigint NOT NULL,
	CONSTRAINT "performances_seat_count_positive" CHECK ("performances"."seat_count" > 0),
	CONSTRAINT "performances_seat_price_not_negative" CHECK ("performances"."seat_price" >= 0)
);
--> statement-breakpoint
CREATE TABLE "reservations" (
	"id" uuid PRIMARY KEY NOT NULL,
	"performance_id" uuid NOT NULL,
	"concert_id" uuid NOT NULL,
	"user_id" uuid NOT NULL,
	"ticket_number" bigint NOT NULL,
	"seat_numbers" integer[] NOT NULL,
	"price" bigint NOT NULL,
	"status" text NOT NULL,
	"held_at" timestamp with time zone NOT NULL,
	"held_until" timestamp with time zone NOT NULL,
	"decided_at" timestamp with time zone,
	CONSTRAINT "reservations_held_or_decided" CHECK (("reservations"."status" = 'HELD') = ("reservations"."decided_at" is null)),
	CONSTRAINT "reservations_paid_in_time" CHECK (("reservations"."status" <> 'PAID' or "reservations"."decided_at" < "reservations"."held_until") and ("reservations"."status" <> 'EXPIRED' or "reservations"."decided_at" >= "reservations"."held_until"))
);
--> statement-breakpoint
CREATE TABLE "seat_claims" (
	"performance_id" uuid NOT NULL,
	"seat_number" integer NOT NULL,
	"reservation_id" uuid NOT NULL,
	"released_at" timestamp with time zone,
	CONSTRAINT "seat_claims_reservation_id_seat_number_pk" PRIMARY KEY("reservation_id","seat_number")
);
--> statement-breakpoint
CREATE TABLE "spent_tickets" (
	"concert_id" uuid NOT NULL,
	"user_id" uuid NOT NULL,
	"number" bigint NOT NULL,
	"spent_at" timestamp with time zone NOT NULL,
	CONSTRAINT "spent_tickets_concert_id_user_id_number_pk" PRIMARY KEY("concert_id","user_id","number")
);
--> statement-breakpoint
CREATE TABLE "transfers" (
	"id" bigserial PRIMARY KEY NOT NULL,
	"user_id" uuid NOT NULL,
	"amount" bigint NOT NULL,
	"payment_id" uuid,
	"created_at" timestamp with time zone NOT NULL,
	CONSTRAINT "transfers_paymentId_unique" UNIQUE("payment_id"),
	CONSTRAINT "transfers_sign" CHECK (("transfers"."payment_id" is null and "transfers"."amount" > 0) or ("transfers"."payment_id" is not null and "transfers"."amount" <= 0))
);
--> statement-breakpoint
CREATE TABLE "users" (
	"id" uuid PRIMARY KEY NOT NULL,
	"name" text NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
ALTER TABLE "payments" ADD CONSTRAINT "payments_reservation_id_reservations_id_fk" FOREIGN KEY ("reservation_id") REFERENCES "public"."reservations"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "performances" ADD CONSTRAINT "performances_concert_id_concerts_id_fk" FOREIGN KEY ("concert_id") REFERENCES "public"."concerts"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "reservations" ADD CONSTRAINT "reservations_performance_id_performances_id_fk" FOREIGN KEY ("performance_id") REFERENCES "public"."performances"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "reservations" ADD CONSTRAINT "reservations_concert_id_concerts_id_fk" FOREIGN KEY ("concert_id") REFERENCES "public"."concerts"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "transfers" ADD CONSTRAINT "transfers_user_id_accounts_user_id_fk" FOREIGN KEY ("user_id") REFERENCES "public"."accounts"("user_id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "transfers" ADD CONSTRAINT "transfers_payment_id_payments_id_fk" FOREIGN KEY ("payment_id") REFERENCES "public"."payments"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "idempotency_keys_by_age" ON "idempotency_keys" USING btree ("created_at");--> statement-breakpoint
CREATE INDEX "outbox_by_subject" ON "outbox" USING btree ("subject_id","id");--> statement-breakpoint
CREATE INDEX "performances_by_concert" ON "performances" USING btree ("concert_id","starts_at");--> statement-breakpoint
CREATE INDEX "reservations_by_user" ON "reservations" USING btree ("user_id","id");--> statement-breakpoint
CREATE INDEX "reservations_held_by_deadline" ON "reservations" USING btree ("held_until") WHERE status = 'HELD';--> statement-breakpoint
CREATE UNIQUE INDEX "seat_claims_one_live_per_seat" ON "seat_claims" USING btree ("performance_id","seat_number") WHERE released_at is null;--> statement-breakpoint
CREATE INDEX "transfers_by_user" ON "transfers" USING btree ("user_id","id");