-- Renames colour to color in the stored appearance of widgets, as everywhere else.

-- +goose Up
UPDATE embed_tokens SET appearance = REPLACE(appearance, '"colour":', '"color":');

-- +goose Down
UPDATE embed_tokens SET appearance = REPLACE(appearance, '"color":', '"colour":');
