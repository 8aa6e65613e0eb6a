package views

// languages are the widget's languages, in their own names.
var languages = []Choice{
	{"English", "en"}, {"العربية", "ar"}, {"Deutsch", "de"}, {"Español", "es"}, {"Français", "fr"}, {"Italiano", "it"},
	{"日本語", "ja"},
	{"Nederlands", "nl"}, {"Polski", "pl"}, {"Português", "pt"},
}
