"""Answers in scripts that run from the right, or without blanks between their words."""

from __future__ import annotations

from tests.e2e.screens.kit import Screen

CODE = "\n```python\ntotal = sum(prices)  # {}\n```\n"

# Name, question, answer.
TONGUES = (
    (
        "in-arabic",
        "كيف تعمل المضخة الحرارية في الشتاء؟",
        "## المضخة الحرارية\n\nحتى الهواء عند **‎−10 °C** يحتوي على حرارة. المضخة "
        "(heat pump) تنقلها إلى الداخل!\n\n1. يتبخر المبرّد في الخارج.\n"
        "2. يضغطه الضاغط، مثل `compressor.run()`.\n"
        "3. English in between, too.\n\n> كيلوواط واحد ينقل نحو ثلاثة.\n\n"
        "| الشهر | الدرجة |\n|---|--:|\n| يناير | 4 |\n| يوليو | 31 |\n"
        + CODE.format("المجموع")
        + "\nوالمعادلة هي $Q = m \\cdot c \\cdot \\Delta T$، انظر https://example.org/pump.\n",
    ),
    (
        "in-hebrew",
        "מה ההבדל בין list ל-tuple?",
        "## רשימות\n\nשלום! **רשימה** (`list`) ניתנת לשינוי; `tuple` לא.\n\n- אפשר להוסיף איבר.\n"
        "- אי אפשר לשנות tuple.\n- Both keep their order.\n\n> נסו בעצמכם.\n\n"
        "| סוג | ניתן לשינוי |\n|---|---|\n| list | כן |\n| tuple | לא |\n"
        + CODE.format("סכום")
        + "\nסוף, בלי בעיות!\n",
    ),
    (
        "in-chinese",
        "热泵在冬天如何工作？",
        "## 热泵\n\n即使在 −10 °C，空气中也有热量。**“热泵”**把它送进室内，价格约3~5万元，"
        "**重点：**效率。\n\n1. **制冷剂**在室外蒸发（吸热）。\n2. 压缩机运行`run()`函数。\n\n"
        "> 一度电搬运约三度热。\n\n| 月份 | 温度 |\n|---|--:|\n| 一月 | 4 |\n| 七月 | 31 |\n"
        + CODE.format("合计")
        + "\n公式是$Q = m \\cdot c \\cdot \\Delta T$，详见https://example.org/docs（中文说明）。\n",
    ),
    (
        "in-japanese",
        "ヒートポンプは冬にどう働きますか？",
        "## ヒートポンプ\n\n**「熱」は−10 °Cの空気にもあります。**それを室内へ運びます。\n"
        "行は改行されたままです。\n\n- **冷媒（れいばい）**が外で蒸発します。\n- ~~電気だけ~~では"
        "ありません。\n\n> 一キロワット時で約三倍。\n\n"
        "| 月 | 気温 |\n|---|--:|\n| 一月 | 4 |\n| 七月 | 31 |\n"
        + CODE.format("合計")
        + "\n水は$\\ce{H2O}$です。「https://example.org/a」を見てください。\n",
    ),
)

SCREENS = tuple(Screen(name, f"/chat/{{{name}}}", "copy", settle=900) for name, *_ in TONGUES)
