CREATE TABLE "operator_actions" (
	"id" uuid PRIMARY KEY NOT NULL,
	"operator_id" uuid NOT NULL,
	"action" text NOT NULL,
	"concert_id" uuid,
	"user_id" uuid,
	"at" timestamp with time zone NOT NULL,
	"before" jsonb,
	"after" jsonb NOT NULL
);
--> statement-breakpoint
ALTER TABLE "operator_actions" ADD CONSTRAINT "operator_actions_concert_id_concerts_id_fk" FOREIGN KEY ("concert_id") REFERENCES "public"."concerts"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "operator_actions_by_concert" ON "operator_actions" USING btree ("concert_id","id");--> statement-breakpoint
CREATE TRIGGER guard_history BEFORE UPDATE OR DELETE ON operator_actions FOR EACH ROW EXECUTE FUNCTION guard_history();
