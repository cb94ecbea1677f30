// Sends the form of a link that a person opened from outside any page. What scans mail for harm may
// run scripts too: it looks at nothing, or is a browser under the control of a program, and says so.
(() => {
  const form = document.querySelector("form[data-at-once]");
  let sent = false;
  const go = () => {
    if (!form || sent || document.prerendering || navigator.webdriver) return;
    if (document.visibilityState !== "visible") return;
    sent = true;
    form.requestSubmit();
  };
  document.addEventListener("visibilitychange", go);
  document.addEventListener("prerenderingchange", go);
  go();
})();
