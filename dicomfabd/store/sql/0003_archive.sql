-- What a person may look for anywhere in a study, in one folded text: words are found in it wherever they stand.
ALTER TABLE studies ADD COLUMN search_text TEXT NOT NULL DEFAULT '';

-- Studies of a modality are listed from here; of a rare one, a list would else look at every study.
CREATE INDEX series_modality ON series (modality, study_id);
