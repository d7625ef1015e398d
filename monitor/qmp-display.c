/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The monitor for programs: the screen, and what is typed and pointed at. */
#include <string.h>
#include "monitor/qmp-internal.h"
#include "ui/console.h"
#include "ui/input.h"

/* The screen that the call names, or the first; NULL: the call has failed. */
static const Console *screen_of(QmpCall *call)
{
    const char *device = qmp_string(call, "device");
    char *problem;
    const Console *screen = console_named(device, (unsigned)qmp_int(call, "head", 0), &problem);

    if (problem) {
        call->error_class = device && !console_has_device(device) ? "DeviceNotFound" : call->error_class;
        qmp_fail(call, "%s", problem);
        g_free(problem);
    }
    return screen;
}

void qmp_screendump(QmpCall *call)
{
    char *problem;

    if (!screen_of(call)) {
        return;
    }
    problem = screendump(qmp_string(call, "filename"), qmp_string(call, "format"), qmp_string(call, "device"),
                         (unsigned)qmp_int(call, "head", 0));
    if (problem) {
        qmp_fail(call, "%s", problem);
        g_free(problem);
    }
}

/* ---- keys ---- */

/* A KeyValue. KEY_NONE: there is no such key, and the call has failed. */
static InputKey key_of(QmpCall *call, JsonObject *key)
{
    JsonNode *data = json_object_get_member(key, "data");
    const bool is_code = !strcmp(json_object_get_string_member(key, "type"), "qcode");
    const GType type = json_node_get_value_type(data);
    InputKey found = KEY_NONE;

    if (type != (is_code ? G_TYPE_STRING : G_TYPE_INT64)) {
        qmp_fail(call, "Invalid parameter type for 'data', expected: %s", is_code ? "string" : "integer");
        return KEY_NONE;
    }
    if (is_code) {
        const char *name = json_node_get_string(data);

        found = input_key_by_name(name, strlen(name));
        if (found == KEY_NONE) {
            qmp_fail(call, "Parameter 'data' does not accept value '%s'", name);
        }
    } else {
        const int64_t number = json_node_get_int(data);

        found = number > 0 && number <= 0xffff ? input_key_by_number((unsigned)number) : KEY_NONE;
        if (found == KEY_NONE) {
            qmp_fail(call, "there is no key with number %" G_GINT64_FORMAT, number);
        }
    }
    return found;
}

void qmp_send_key(QmpCall *call)
{
    JsonArray *list = json_object_get_array_member(call->args, "keys");
    const unsigned count = json_array_get_length(list);
    const int64_t hold = qmp_int(call, "hold-time", INPUT_HOLD_MS);
    InputKey keys[INPUT_KEYS_MAX];
    const char *problem;

    if (hold < 0 || hold > 60000) {
        qmp_fail(call, "Parameter 'hold-time' expects milliseconds, 0 to 60000");
        return;
    }
    if (count > INPUT_KEYS_MAX) {
        qmp_fail(call, "Parameter 'keys' expects at most %d keys", INPUT_KEYS_MAX);
        return;
    }
    for (unsigned i = 0; i < count; i++) {
        keys[i] = key_of(call, json_array_get_object_element(list, i));
        if (keys[i] == KEY_NONE) {
            return;
        }
    }
    problem = input_send_keys(keys, count, (unsigned)hold);
    if (problem) {
        qmp_fail(call, "%s", problem);
    }
}

/* ---- input-send-event ---- */

typedef struct Event {
    InputKey key;               /* KEY_NONE: it is no key */
    bool down;
    unsigned button;            /* 0: it is no button */
    int dx, dy, dz;
    bool is_point, is_x;        /* is_point: `at` is where, of 0 to 0x7fff, in one of the two directions */
    int at;
} Event;

static unsigned button_of(const char *name, int *dz)
{
    static const struct { const char *name; unsigned button; int dz; } buttons[] = {
        { "left", INPUT_LEFT, 0 }, { "middle", INPUT_MIDDLE, 0 }, { "right", INPUT_RIGHT, 0 },
        { "side", INPUT_SIDE, 0 }, { "extra", INPUT_EXTRA, 0 }, { "wheel-up", 0, -1 }, { "wheel-down", 0, 1 },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(buttons); i++) {
        if (!strcmp(buttons[i].name, name)) {
            *dz = buttons[i].dz;
            return buttons[i].button;
        }
    }
    return 0;                   /* the wheel to the left and to the right: no mouse has one */
}

static bool need(QmpCall *call, JsonObject *data, const char *first, const char *second)
{
    const char *missing = !json_object_has_member(data, first) ? first
                          : !json_object_has_member(data, second) ? second : NULL;

    if (missing) {
        qmp_fail(call, "Parameter '%s' is missing", missing);
    }
    return !missing;
}

/* False: the call has failed. */
static bool parse_event(QmpCall *call, JsonObject *event, Event *e)
{
    const char *type = json_object_get_string_member(event, "type");
    JsonObject *data = json_object_get_object_member(event, "data");

    *e = (Event) { .key = KEY_NONE };
    if (!strcmp(type, "key")) {
        if (!need(call, data, "key", "down")) {
            return false;
        }
        e->key = key_of(call, json_object_get_object_member(data, "key"));
        e->down = json_object_get_boolean_member(data, "down");
        return e->key != KEY_NONE;
    }
    if (!strcmp(type, "btn")) {
        if (!need(call, data, "button", "down")) {
            return false;
        }
        e->down = json_object_get_boolean_member(data, "down");
        e->button = button_of(json_object_get_string_member(data, "button"), &e->dz);
        e->dz = e->down ? e->dz : 0;
        return true;
    }
    if (!need(call, data, "axis", "value")) {
        return false;
    }
    e->is_x = !strcmp(json_object_get_string_member(data, "axis"), "x");
    e->is_point = !strcmp(type, "abs");
    e->at = (int)CLAMP(json_object_get_int_member(data, "value"), e->is_point ? 0 : -32768, 32767);
    if (!e->is_point) {
        *(e->is_x ? &e->dx : &e->dy) = e->at;
    }
    return true;
}

/* From 0 to INPUT_POINT_MAX; a device that is moved is so by pixels. */
static void point_at(const Console *screen, int x, int y)
{
    const Surface *s = console_surface(screen);

    if (input_is_absolute()) {
        input_point(x, y, INPUT_POINT_MAX + 1, INPUT_POINT_MAX + 1);
    } else {
        input_point(x * s->width / (INPUT_POINT_MAX + 1), y * s->height / (INPUT_POINT_MAX + 1), s->width, s->height);
    }
}

void qmp_input_send_event(QmpCall *call)
{
    JsonArray *list = json_object_get_array_member(call->args, "events");
    const unsigned count = json_array_get_length(list);
    static int x, y;            /* where the last "abs" was: one direction may come alone */
    int dx = 0, dy = 0, dz = 0;
    unsigned buttons = input_buttons_now();
    bool point = false;
    Event *events = g_new(Event, count);
    const Console *screen = screen_of(call);

    /* All of them, or none. */
    for (unsigned i = 0; screen && i < count && !call->error; i++) {
        parse_event(call, json_array_get_object_element(list, i), &events[i]);
    }
    for (unsigned i = 0; i < count && !call->error; i++) {
        const Event *e = &events[i];

        if (e->key != KEY_NONE) {
            input_key(e->key, e->down);
        }
        buttons = e->down ? buttons | e->button : buttons & ~e->button;
        dx += e->dx;
        dy += e->dy;
        dz += e->dz;
        if (e->is_point) {
            *(e->is_x ? &x : &y) = e->at;
            point = true;
        }
    }
    g_free(events);
    if (point && !call->error) {
        point_at(screen, x, y);
    }
    input_move(dx, dy, dz);
    input_buttons(buttons);
}

void qmp_query_mice(QmpCall *call)
{
    JsonArray *array = json_array_new();
    const InputMouse *m;

    for (unsigned n = 0; (m = input_mouse_at(n)); n++) {
        JsonObject *object = json_object_new();

        json_object_set_string_member(object, "name", m->name);
        json_object_set_int_member(object, "index", n);
        json_object_set_boolean_member(object, "current", input_mouse_is_current(m));
        json_object_set_boolean_member(object, "absolute", m->point != NULL);
        json_array_add_object_element(array, object);
    }
    call->result = qmp_array_node(array);
}

/* What was not said is left out. */
void qmp_query_display_options(QmpCall *call)
{
    const DisplayInfo *info = display_info();
    JsonObject *o = json_object_new();

    json_object_set_string_member(o, "type", info->type);
    if (info->full_screen) {
        json_object_set_boolean_member(o, "full-screen", TRUE);
    }
    if (info->keeps_open) {
        json_object_set_boolean_member(o, "window-close", FALSE);
    }
    if (info->show_cursor) {
        json_object_set_boolean_member(o, "show-cursor", TRUE);
    }
    call->result = qmp_object_node(o);
}
