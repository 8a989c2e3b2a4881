// Before the first paint: the person's language, time zone, colours, and sidebar.
(function () {
  var root = document.documentElement;
  var read = function (key) {
    try {
      return localStorage.getItem(key);
    } catch (error) {
      return null;
    }
  };
  var cookie = document.cookie.match(/(?:^|; )lang=(en|de)/);
  var wanted = cookie ? [cookie[1]] : navigator.languages || [navigator.language || "en"];
  var lang = "en";
  for (var i = 0; i < wanted.length; i += 1) {
    var tag = String(wanted[i]).slice(0, 2).toLowerCase();
    if (tag === "en" || tag === "de") {
      lang = tag;
      break;
    }
  }
  root.lang = lang;
  // A link's secret stands behind "#": out of the address before anything else reads it there.
  if (/^\/(join|reset|setup)\/?$/.test(location.pathname) && location.hash.length > 1) {
    try {
      sessionStorage.setItem("lu-link", location.hash.slice(1));
      history.replaceState(history.state, "", location.pathname + location.search);
    } catch (error) {
      // a browser that keeps nothing leaves it in the address
    }
  }
  try {
    var zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
    if (zone) {
      document.cookie = "tz=" + encodeURIComponent(zone) + ";path=/;max-age=31536000;samesite=lax";
    }
  } catch (error) {
    // then days begin when they begin in Greenwich
  }
  if (lang !== "en") root.classList.add("lu-wait");
  var theme = read("theme");
  var dark =
    theme === "dark" || (theme !== "light" && matchMedia("(prefers-color-scheme: dark)").matches);
  root.classList.add(dark ? "dark" : "light");
  root.style.colorScheme = dark ? "dark" : "light";
  root.dataset.side = read("lu-side") === "shut" ? "shut" : "open";
  root.dataset.drawer = "shut";
})();
