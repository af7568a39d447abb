-- The shop, and the one login that may make others. It can hand on what stands here, and do nothing itself.
CREATE TABLE customers (id SERIAL PRIMARY KEY, name TEXT NOT NULL, email TEXT NOT NULL);
CREATE TABLE orders (id SERIAL PRIMARY KEY, customer INTEGER REFERENCES customers, total NUMERIC NOT NULL, paid BOOLEAN NOT NULL DEFAULT false);
CREATE TABLE cards (customer INTEGER REFERENCES customers, number TEXT NOT NULL);
INSERT INTO customers (name, email) VALUES ('Ada', 'ada@example.com'), ('Grace', 'grace@example.com');
INSERT INTO orders (customer, total, paid) VALUES (1, 40.00, false), (2, 12.50, true);
INSERT INTO cards VALUES (1, '4000 0000 0000 0002');
GRANT USAGE ON SCHEMA public TO broker WITH GRANT OPTION;
GRANT SELECT, INSERT, UPDATE ON orders TO broker WITH GRANT OPTION;
GRANT USAGE ON SEQUENCE orders_id_seq TO broker WITH GRANT OPTION;
GRANT SELECT ON customers TO broker WITH GRANT OPTION;
