-- What a fee of the reservation book covers, where its bill says so: usage type, zone, and how many were bought. Version
-- 5; fees that were stored before say nothing.

ALTER TABLE book_entries ADD COLUMN usage_type TEXT;
ALTER TABLE book_entries ADD COLUMN zone TEXT;
ALTER TABLE book_entries ADD COLUMN count TEXT;

DROP VIEW reservation_book;
CREATE VIEW reservation_book AS
SELECT scanned.payer, scanned.billing_period, entry.usage_account, entry.product, entry.kind, entry.commitment_id,
       entry.term_start, entry.term_end, entry.currency, entry.fee, entry.usage_type, entry.zone, entry.count
FROM book_entries AS entry JOIN book_scans AS scanned USING (scan)
WHERE scanned.scan = (
    SELECT MAX(scan) FROM book_scans AS other
    WHERE other.payer = scanned.payer AND other.billing_period = scanned.billing_period
);
