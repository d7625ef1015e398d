/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Endpoint 0 of every device: control transfers (USB 2.0, section 8.5.3) and the standard requests (section 9.4). A
 * device is asked for data in the SETUP packet already; data for it is gathered first. No device of ours wakes a host
 * that sleeps. Caller holds the bus's lock.
 */
#include <string.h>
#include <glib.h>
#include "hw/usb/usb.h"

enum { FEATURE_HALT = 0 };
enum { DEVICE_MAX_PACKET = 7, DEVICE_CONFIGURATIONS = 17, DEVICE_LEN = 18, QUALIFIER_LEN = 10 };
enum { CONFIG_TOTAL = 2, CONFIG_VALUE = 5, CONFIG_ATTRIBUTES = 7, SELF_POWERED = 0x40 };
enum { ENDPOINT_ADDRESS = 2, ENDPOINT_PACKET = 4, ADDRESS_IN = 0x80 };
enum { LANGUAGE_ENGLISH_US = 0x0409, STRING_MAX = 126 };

int usb_reply(const USBSetup *setup, uint8_t *data, const void *from, unsigned len)
{
    len = MIN(len, MIN(setup->length, (unsigned)USB_CONTROL_MAX));
    memcpy(data, from, len);
    return (int)len;
}

/* ---- descriptors ---- */

static unsigned config_len(const USBDevice *d)
{
    return d->class->config[CONFIG_TOTAL] | (unsigned)d->class->config[CONFIG_TOTAL + 1] << 8;
}

static const uint8_t *find_endpoint(const USBDevice *d, unsigned address)
{
    const uint8_t *config = d->class->config;

    for (unsigned at = 0; at < config_len(d); at += config[at]) {
        if (config[at + 1] == USB_DT_ENDPOINT && config[at + ENDPOINT_ADDRESS] == address) {
            return config + at;
        }
    }
    return NULL;
}

unsigned usb_endpoint_packet(const USBDevice *d, USBToken token, unsigned endpoint)
{
    const uint8_t *descriptor =
        d->configuration ? find_endpoint(d, endpoint | (token == USB_IN ? ADDRESS_IN : 0)) : NULL;

    return descriptor ? (descriptor[ENDPOINT_PACKET] | (unsigned)descriptor[ENDPOINT_PACKET + 1] << 8) & 0x7ff : 0;
}

static int string_descriptor(const USBDevice *d, const USBSetup *setup, uint8_t *data)
{
    const char *const strings[USB_STRINGS] = { NULL, "PQEMU", d->class->product, d->serial ? d->serial : "1" };
    const unsigned index = setup->value & 0xff;
    uint8_t text[2 + 2 * STRING_MAX] = { 4, USB_DT_STRING, USB_LE16(LANGUAGE_ENGLISH_US) };

    if (index >= USB_STRINGS) {
        return USB_STALL;
    }
    if (index) {
        const size_t len = strnlen(strings[index], STRING_MAX);

        text[0] = (uint8_t)(2 + 2 * len);
        for (size_t i = 0; i < len; i++) {
            text[2 + 2 * i] = (uint8_t)strings[index][i];
            text[3 + 2 * i] = 0;
        }
    }
    return usb_reply(setup, data, text, text[0]);
}

/* What it would be at the other speed: devices of ours have one each. */
static int qualifier(const USBDevice *d, const USBSetup *setup, uint8_t *data)
{
    uint8_t q[QUALIFIER_LEN];

    if (d->class->speed != USB_HIGH) {
        return USB_STALL;
    }
    memcpy(q, d->class->device, DEVICE_MAX_PACKET + 1);
    q[0] = QUALIFIER_LEN;
    q[1] = USB_DT_QUALIFIER;
    q[8] = q[9] = 0;
    return usb_reply(setup, data, q, sizeof(q));
}

static int get_descriptor(const USBDevice *d, const USBSetup *setup, uint8_t *data)
{
    switch (setup->value >> 8) {
    case USB_DT_DEVICE:
        return usb_reply(setup, data, d->class->device, DEVICE_LEN);
    case USB_DT_CONFIG:
        return setup->value & 0xff ? USB_STALL : usb_reply(setup, data, d->class->config, config_len(d));
    case USB_DT_STRING:
        return string_descriptor(d, setup, data);
    case USB_DT_QUALIFIER:
        return qualifier(d, setup, data);
    default:
        return USB_STALL;
    }
}

/* ---- standard requests ---- */

static int get_status(const USBDevice *d, const USBSetup *setup, uint8_t *data)
{
    const uint8_t status[2] = { d->class->config[CONFIG_ATTRIBUTES] & SELF_POWERED ? 1 : 0 };

    return usb_reply(setup, data, status, sizeof(status));
}

static USBToken token_of(const USBSetup *setup)
{
    return setup->index & ADDRESS_IN ? USB_IN : USB_OUT;
}

static bool has_endpoint(const USBDevice *d, const USBSetup *setup)
{
    const unsigned endpoint = setup->index & 0xf;

    return !endpoint || usb_endpoint_packet(d, token_of(setup), endpoint);
}

static int endpoint_status(const USBDevice *d, const USBSetup *setup, uint8_t *data)
{
    const uint8_t status[2] = { usb_halted(d, token_of(setup), setup->index & 0xf) };

    return has_endpoint(d, setup) ? usb_reply(setup, data, status, sizeof(status)) : USB_STALL;
}

static int endpoint_feature(USBDevice *d, const USBSetup *setup, bool set)
{
    const unsigned endpoint = setup->index & 0xf;

    if (setup->value != FEATURE_HALT || !has_endpoint(d, setup)) {
        return USB_STALL;
    }
    if (endpoint && set) {
        usb_halt(d, token_of(setup), endpoint);
    } else if (endpoint) {
        d->halted &= ~(1u << (endpoint + (token_of(setup) == USB_IN ? USB_ENDPOINTS : 0)));
        usb_wake(d);
    }
    return 0;
}

static int set_configuration(USBDevice *d, const USBSetup *setup)
{
    if (setup->value && setup->value != d->class->config[CONFIG_VALUE]) {
        return USB_STALL;
    }
    d->configuration = (uint8_t)setup->value;
    d->halted = 0;
    return 0;
}

/* Interfaces have no alternate settings. */
static int get_interface(const USBDevice *d, const USBSetup *setup, uint8_t *data)
{
    return d->configuration ? usb_reply(setup, data, "", 1) : USB_STALL;
}

static int standard_request(USBDevice *d, const USBSetup *setup, uint8_t *data)
{
    switch (setup->request) {
    case USB_FROM_DEVICE | USB_GET_DESCRIPTOR:
        return get_descriptor(d, setup, data);
    case USB_FROM_DEVICE | USB_GET_STATUS:
        return get_status(d, setup, data);
    case USB_FROM_INTERFACE | USB_GET_STATUS:
        return usb_reply(setup, data, "\0", 2);
    case USB_FROM_ENDPOINT | USB_GET_STATUS:
        return endpoint_status(d, setup, data);
    case USB_FROM_DEVICE | USB_GET_CONFIGURATION:
        return usb_reply(setup, data, &d->configuration, 1);
    case USB_FROM_INTERFACE | USB_GET_INTERFACE:
        return get_interface(d, setup, data);
    case USB_TO_DEVICE | USB_SET_ADDRESS:
        d->new_address = setup->value & 0x7f;
        return 0;
    case USB_TO_DEVICE | USB_SET_CONFIGURATION:
        return set_configuration(d, setup);
    case USB_TO_INTERFACE | USB_SET_INTERFACE:
        return d->configuration && !setup->value ? 0 : USB_STALL;
    case USB_TO_ENDPOINT | USB_SET_FEATURE:
    case USB_TO_ENDPOINT | USB_CLEAR_FEATURE:
        return endpoint_feature(d, setup, (setup->request & 0xff) == USB_SET_FEATURE);
    default:
        return USB_STALL;
    }
}

static void unpack(const USBDevice *d, USBSetup *setup)
{
    const uint8_t *p = d->setup;

    setup->request = (uint16_t)(p[0] << 8 | p[1]);
    setup->value = (uint16_t)(p[2] | p[3] << 8);
    setup->index = (uint16_t)(p[4] | p[5] << 8);
    setup->length = (uint16_t)(p[6] | p[7] << 8);
}

/* The device's own requests come first: a HID's report descriptor is asked for by a standard request. */
static int carry_out(USBDevice *d)
{
    USBSetup setup;
    int answer;

    unpack(d, &setup);
    answer = d->class->control ? d->class->control(d, &setup, d->control) : USB_STALL;
    return answer == USB_STALL ? standard_request(d, &setup, d->control) : answer;
}

/* ---- transfers ---- */

static int begin(USBDevice *d, const uint8_t *data, unsigned len)
{
    USBSetup setup;
    int answer = 0;

    if (len != sizeof(d->setup)) {
        return USB_SILENT;
    }
    memcpy(d->setup, data, len);
    unpack(d, &setup);
    d->new_address = d->address;
    d->control_at = d->control_len = 0;
    if (setup.request & USB_FROM_DEVICE) {
        answer = carry_out(d);
        d->control_state = USB_CONTROL_IN;
        d->control_len = (uint32_t)MAX(answer, 0);
    } else if (setup.length) {
        answer = setup.length > USB_CONTROL_MAX ? USB_STALL : 0;
        d->control_state = USB_CONTROL_OUT;
        d->control_len = setup.length;
    } else {
        answer = carry_out(d);
        d->control_state = USB_CONTROL_STATUS;
    }
    if (answer < 0) {
        d->control_state = USB_CONTROL_STALLED;
        d->control_len = 0;
    }
    return (int)len;            /* a SETUP packet is never refused */
}

static int in(USBDevice *d, uint8_t *data)
{
    unsigned len;

    switch (d->control_state) {
    case USB_CONTROL_IN:
        len = MIN(d->control_len - d->control_at, (uint32_t)d->class->device[DEVICE_MAX_PACKET]);
        memcpy(data, d->control + d->control_at, len);
        d->control_at += len;
        return (int)len;
    case USB_CONTROL_STATUS:
        d->control_state = USB_CONTROL_IDLE;
        d->address = d->new_address;
        return 0;
    default:
        return USB_STALL;
    }
}

static int out(USBDevice *d, const uint8_t *data, unsigned len)
{
    switch (d->control_state) {
    case USB_CONTROL_IN:        /* the status stage */
        d->control_state = USB_CONTROL_IDLE;
        return 0;
    case USB_CONTROL_OUT:
        if (len > d->control_len - d->control_at) {
            d->control_state = USB_CONTROL_STALLED;
            return USB_STALL;
        }
        memcpy(d->control + d->control_at, data, len);
        d->control_at += len;
        if (d->control_at == d->control_len) {
            d->control_state = carry_out(d) < 0 ? USB_CONTROL_STALLED : USB_CONTROL_STATUS;
        }
        return (int)len;
    default:
        return USB_STALL;
    }
}

int usb_control_token(USBDevice *d, USBToken token, uint8_t *data, unsigned len)
{
    switch (token) {
    case USB_SETUP:
        return begin(d, data, len);
    case USB_IN:
        return in(d, data);
    default:
        return out(d, data, len);
    }
}
