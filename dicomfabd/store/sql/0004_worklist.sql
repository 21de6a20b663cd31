-- Steps as worklist items: what a modality asks for most gets columns, and what it may see is all that is indexed.
CREATE TABLE items (
    order_id       INTEGER NOT NULL REFERENCES orders (id),
    ordinal        INTEGER NOT NULL,
    step_id        TEXT NOT NULL,             -- ScheduledProcedureStepID
    modality       TEXT NOT NULL,
    start_at       TEXT NOT NULL,             -- YYYYMMDDHHMMSS, local time of the order
    worklist_label TEXT NOT NULL,
    folded_name    TEXT NOT NULL,             -- as dimse.matching.fold_groups gives it, between equals signs
    status         TEXT NOT NULL,             -- as domain.order.StepStatus
    done_at        REAL,                      -- when it came to its end
    is_listed      INTEGER NOT NULL,          -- 0 once nobody may see it any more
    revision       INTEGER NOT NULL,          -- another one with every change
    PRIMARY KEY (order_id, ordinal)
) STRICT, WITHOUT ROWID;

INSERT INTO items
    SELECT steps.order_id, steps.ordinal,
        orders.document ->> ('$.steps[' || steps.ordinal || '].scheduled_procedure_step_id'),
        steps.modality, steps.start_at, '', '',
        CASE orders.state
            WHEN 'in_progress' THEN 'STARTED' WHEN 'completed' THEN 'COMPLETED' WHEN 'cancelled' THEN 'CANCELED'
            WHEN 'discontinued' THEN 'DISCONTINUED' WHEN 'held' THEN 'HELD' ELSE 'SCHEDULED' END,
        CASE WHEN orders.state IN ('completed', 'cancelled', 'discontinued')
            THEN coalesce(orders.finished_at, orders.updated_at) END,
        1, 0
    FROM steps JOIN orders ON orders.id = steps.order_id;

-- The AE titles of the modalities each listed step may be done on.
CREATE TABLE stations (
    station_ae_title TEXT NOT NULL,
    start_at         TEXT NOT NULL,
    order_id         INTEGER NOT NULL,
    ordinal          INTEGER NOT NULL,
    PRIMARY KEY (station_ae_title, start_at, order_id, ordinal)
) STRICT, WITHOUT ROWID;

INSERT INTO stations SELECT station_ae_title, start_at, order_id, ordinal FROM steps;

DROP TABLE steps;
ALTER TABLE items RENAME TO steps;

CREATE INDEX steps_listed ON steps (start_at) WHERE is_listed = 1;
CREATE INDEX steps_over ON steps (done_at) WHERE is_listed = 1 AND done_at IS NOT NULL;
CREATE INDEX steps_id ON steps (step_id);

-- A step may be done on one of several modalities.
UPDATE orders SET document = json_set(document, '$.steps', (
    SELECT json_group_array(json_set(
        json_remove(value, '$.station_ae_title'), '$.station_ae_titles', json_array(value ->> '$.station_ae_title')
    ))
    FROM json_each(orders.document, '$.steps')
));

INSERT INTO revisions VALUES ('worklist', 0);
