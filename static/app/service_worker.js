// Browsers allow service workers only on https and on localhost.
navigator.serviceWorker?.register("/sw.js");
