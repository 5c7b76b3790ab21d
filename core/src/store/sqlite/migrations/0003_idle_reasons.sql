-- Why a row of kind idle is idle, version 3; null on all other rows, and on idle rows of runs that were stored before.

ALTER TABLE run_cells ADD COLUMN reason TEXT;
ALTER TABLE area_costs ADD COLUMN reason TEXT;
ALTER TABLE product_area_costs ADD COLUMN reason TEXT;
ALTER TABLE finalized_area_costs ADD COLUMN reason TEXT;
ALTER TABLE finalized_product_area_costs ADD COLUMN reason TEXT;
