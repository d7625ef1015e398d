# SPDX-License-Identifier: GPL-2.0-or-later
"""Two answers to query-qmp-schema, side by side: from each command and event that both have down to the last value.
Types are compared by what they look like, for QEMU masks their names; a difference is told by the first one's name.
"""


class Graph:
    """The rows; names of types and of orders and events are apart."""

    def __init__(self, rows):
        self.rows = {(row["meta-type"] in ("command", "event"), row["name"]): row for row in rows}

    def type(self, name):
        return self.rows[False, name]

    def names(self, kind):
        return {name for (_, name), row in self.rows.items() if row["meta-type"] == kind}

    def shape(self, name):
        """What goes over the wire, in one word."""
        row = self.type(name)
        return row["json-type"] if row["meta-type"] == "builtin" else row["meta-type"]

    def values(self, name):
        row = self.type(name)
        return set(row["values"] if "values" in row else [member["name"] for member in row["members"]])


def features(row):
    return set(row.get("features", ()))


class Walk:
    """ours, theirs: what each of them answers. `differences` are (kind, where), kind of these:
    lacks, more (a member, ^value, +variant, |choice, $feature), required, optional (ours is so), type.
    """

    def __init__(self, ours, theirs):
        self.ours, self.theirs = Graph(ours), Graph(theirs)
        self.seen, self.differences = set(), set()
        for kind, members in (("command", ("arg-type", "ret-type")), ("event", ("arg-type",))):
            a, b = self.ours.names(kind), self.theirs.names(kind)
            self.sets(kind + " ", a, b)
            for name in a & b:
                mine, other = self.ours.rows[True, name], self.theirs.rows[True, name]
                self.sets(name + ".$", features(mine), features(other))
                self.sets(name + ".", *({"allow-oob"} if row.get("allow-oob") else set() for row in (mine, other)))
                for member in members:
                    self.types("%s.%s" % (name, member), mine[member], other[member])

    def sets(self, where, ours, theirs):
        self.differences |= {("lacks", where + name) for name in theirs - ours}
        self.differences |= {("more", where + name) for name in ours - theirs}

    def types(self, where, a, b):
        """`where`: what has the type."""
        if (a, b) in self.seen:
            return
        self.seen.add((a, b))
        ours, theirs = self.ours.shape(a), self.theirs.shape(b)
        if ours != theirs:
            self.differences.add(("type", "%s %s, not %s" % (where, ours, theirs)))
        elif ours == "enum":
            self.sets(a + ".^", self.ours.values(a), self.theirs.values(b))
        elif ours == "array":
            self.types(where + "[]", self.ours.type(a)["element-type"], self.theirs.type(b)["element-type"])
        elif ours == "object":
            self.objects(a, self.ours.type(a), self.theirs.type(b))
        elif ours == "alternate":
            self.alternates(a, self.ours.type(a), self.theirs.type(b))

    def objects(self, name, ours, theirs):
        mine, other = ({member["name"]: member for member in row["members"]} for row in (ours, theirs))
        self.sets(name + ".", set(mine), set(other))
        for key in set(mine) & set(other):
            where = "%s.%s" % (name, key)
            if ("default" in mine[key]) != ("default" in other[key]):
                self.differences.add(("optional" if "default" in mine[key] else "required", where))
            self.sets(where + ".$", features(mine[key]), features(other[key]))
            self.types(where, mine[key]["type"], other[key]["type"])
        if ours.get("tag") != theirs.get("tag"):
            self.differences.add(("type", "%s %s, not %s" % (name, ours.get("tag"), theirs.get("tag"))))
            return
        mine, other = ({v["case"]: v["type"] for v in row.get("variants", ())} for row in (ours, theirs))
        if ours.get("tag"):             # a value that one of them lacks is told of the tag's type
            tag, their_tag = (next(member["type"] for member in row["members"] if member["name"] == row["tag"])
                      for row in (ours, theirs))
            known = self.ours.values(tag) & self.theirs.values(their_tag)
            self.sets(name + ".+", set(mine) & known, set(other) & known)
        for case in set(mine) & set(other):
            self.types("%s.+%s" % (name, case), mine[case], other[case])

    def alternates(self, name, ours, theirs):
        """At most one choice of each shape, so that the value tells which it is."""
        mine, other = ({graph.shape(member["type"]): member["type"] for member in row["members"]}
                       for graph, row in ((self.ours, ours), (self.theirs, theirs)))
        self.sets(name + ".|", set(mine), set(other))
        for shape in set(mine) & set(other):
            self.types("%s.|%s" % (name, shape), mine[shape], other[shape])
