# SPDX-License-Identifier: GPL-2.0-or-later
"""What query-qmp-schema says, and whether the answers and events that come are as it says."""

PYTHON_TYPES = {"string": str, "int": int, "number": (int, float), "boolean": bool, "null": type(None),
                "value": object}


class Schema:
    """The rows; names of types and of orders and events are apart."""

    def __init__(self, rows):
        self.rows = {(row["meta-type"] in ("command", "event"), row["name"]): row for row in rows}
        self.types = {name: row for (_, name), row in self.rows.items() if not _}

    def wrong(self, name, value):
        """None, or what does not fit the type."""
        row = self.types[name]
        kind = row["meta-type"]
        if kind == "builtin":
            python = PYTHON_TYPES[row["json-type"]]
            fits = isinstance(value, python) and not (row["json-type"] in ("int", "number") and isinstance(value, bool))
            return None if fits else "%r is no %s" % (value, name)
        if kind == "enum":
            return None if value in row["values"] else "%r is no %s" % (value, name)
        if kind == "alternate":
            wrongs = [self.wrong(choice["type"], value) for choice in row["members"]]
            return None if None in wrongs else " ".join(wrongs)
        if kind == "array":
            if not isinstance(value, list):
                return "%r is no list" % (value,)
            wrongs = [self.wrong(row["element-type"], element) for element in value]
            return next((wrong for wrong in wrongs if wrong), None)
        if not isinstance(value, dict):
            return "%r is no %s" % (value, name)
        return self.wrong_object(name, self.members(row, value), value)

    def members(self, row, value):
        """Those that such an object has, with those that it has because of its tag."""
        members = {member["name"]: member for member in row["members"]}
        for variant in row.get("variants", ()):
            if variant["case"] == value.get(row["tag"]):
                members.update(self.members(self.types[variant["type"]], value))
        return members

    def wrong_object(self, name, members, value):
        if set(value) - set(members):
            return "%s has no %s" % (name, set(value) - set(members))
        for member in members.values():
            if member["name"] not in value:
                if "default" not in member:
                    return "%s lacks %s" % (name, member["name"])
                continue
            wrong = self.wrong(member["type"], value[member["name"]])
            if wrong:
                return "%s.%s: %s" % (name, member["name"], wrong)
        return None

    def wrong_message(self, command, message):
        """None, or what is not as the schema says of an event, or of the answer to `command`."""
        event = message.get("event")
        row = self.rows.get((True, event or command))
        if not row:
            return "%s is not in the schema" % (event or command)
        if event:
            wrong = self.wrong(row["arg-type"], message.get("data", {}))
        elif "return" in message:
            wrong = self.wrong(row["ret-type"], message["return"])
        else:
            return None
        return wrong and "%s: %s" % (event or command, wrong)
