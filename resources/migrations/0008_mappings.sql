-- By which mapping a record was delivered: after a change of the mapping it is known which records are as the former one gave them.
-- The first twelve hexadecimal digits of its digest; NULL where nobody knows.
ALTER TABLE effects ADD COLUMN mapping TEXT;
