// Before the first paint: the person's language, time zone, colours, and sidebar.
(function () {
  var root = document.documentElement;
  var read = function (/** @type {string} */ key) {
    try {
      return localStorage.getItem(key);
    } catch {
      return null;
    }
  };
  // The page names the languages there are, and how each runs: "en:ltr ar:rtl".
  var languages = (root.dataset.languages || "en:ltr").split(" ").map(function (each) {
    return each.split(":");
  });
  var first = function (/** @type {(known: string) => boolean} */ fits) {
    return languages.filter(function (each) {
      return fits(each[0].toLowerCase());
    })[0];
  };
  var is = function (/** @type {string} */ tag) {
    return first(function (known) {
      return known === tag;
    });
  };
  // As llm_ui/i18n does it: de-AT is de, and pt-PT is pt-BR where there is no other.
  var nearest = function (/** @type {string} */ tag) {
    var found;
    var begun = tag.split("-")[0] + "-";
    for (var rest = tag; rest && !found; rest = rest.replace(/-?[^-]*$/, "")) found = is(rest);
    return (
      found ||
      first(function (known) {
        return known.indexOf(begun) === 0;
      })
    );
  };
  var cookie = document.cookie.match(/(?:^|; )lang=([\w-]+)/);
  var spoken = cookie && is(cookie[1].toLowerCase());
  var wanted = navigator.languages || [navigator.language || "en"];
  for (var i = 0; i < wanted.length && !spoken; i += 1) {
    spoken = nearest(String(wanted[i]).toLowerCase());
  }
  spoken = spoken || is("en");
  var lang = spoken[0];
  root.lang = lang;
  root.dir = spoken[1];
  // A link's secret stands behind "#": out of the address before anything else reads it there.
  if (/^\/(join|reset|setup)\/?$/.test(location.pathname) && location.hash.length > 1) {
    try {
      sessionStorage.setItem("lu-link", location.hash.slice(1));
      history.replaceState(history.state, "", location.pathname + location.search);
    } catch {
      // a browser that keeps nothing leaves it in the address
    }
  }
  try {
    var zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
    if (zone) {
      document.cookie = "tz=" + encodeURIComponent(zone) + ";path=/;max-age=31536000;samesite=lax";
    }
  } catch {
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
