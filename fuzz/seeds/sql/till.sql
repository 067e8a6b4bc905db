-- A till.
CREATE TYPE mood AS ENUM ('good', 'bad');
CREATE TABLE IF NOT EXISTS shop.sales (
  id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  "total" NUMERIC(10, 2) NOT NULL DEFAULT 0 CHECK (total >= 0),
  at timestamptz, tags text[], how mood, note varchar(80) COMMENT 'free; text',
  UNIQUE (id, at), FOREIGN KEY (id) REFERENCES other (id)
);
ALTER TABLE ONLY shop.sales ADD COLUMN buyer_email text, ADD CONSTRAINT x PRIMARY KEY (id);
COMMENT ON COLUMN shop.sales.total IS 'with tax';
