CREATE TABLE frontend_importlog (id int PRIMARY KEY, current_at date NOT NULL, category varchar(50) NOT NULL);
CREATE TABLE dmd_vmp (vpid bigint PRIMARY KEY, nm varchar(255), bnf_code varchar(15));
CREATE TABLE dmd_vmpp (vppid bigint PRIMARY KEY, vpid bigint NOT NULL REFERENCES dmd_vmp, qtyval numeric);
CREATE TABLE frontend_tariffprice (id int PRIMARY KEY, date date NOT NULL, vmpp_id bigint NOT NULL REFERENCES dmd_vmpp, price_pence int NOT NULL);
CREATE TABLE frontend_prescription (
  id int PRIMARY KEY, presentation_code varchar(15) NOT NULL, processing_date date NOT NULL, quantity float8 NOT NULL, net_cost float8
);
