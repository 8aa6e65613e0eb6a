// Browsers offer service workers on https and on localhost alone.
navigator.serviceWorker?.register("/sw.js");
