-- American spelling everywhere: the stored appearance of a widget names its color.

-- +goose Up
UPDATE embed_tokens SET appearance = REPLACE(appearance, '"colour":', '"color":');

-- +goose Down
UPDATE embed_tokens SET appearance = REPLACE(appearance, '"color":', '"colour":');
