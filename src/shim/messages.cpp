// Room: shim. Requests, read. Pure but for the clock.
#include "messages.hpp"

#include <ctime>

namespace cleat::shim {
namespace {

RootMount read_mount(std::string_view bytes) {
    RootMount mount;
    Reader reader(bytes);
    while (reader.next()) {
        if (reader.field() == 1) mount.type = reader.text();
        if (reader.field() == 2) mount.source = reader.text();
        if (reader.field() == 3) mount.target = reader.text();
        if (reader.field() == 4) mount.options.push_back(reader.text());
    }
    return mount;
}

void read_create(const Reader& field, TaskRequest& request) {
    switch (field.field()) {
        case 2:
            request.bundle = field.text();
            break;
        case 3:
            request.rootfs.push_back(read_mount(field.bytes()));
            break;
        case 4:
            request.streams.terminal = field.flag();
            break;
        case 5:
            request.streams.in = field.text();
            break;
        case 6:
            request.streams.out = field.text();
            break;
        case 7:
            request.streams.err = field.text();
            break;
        case 8:
            request.checkpoint = field.text();
            break;
        case 10:
            request.body = read_any(field.bytes());
            break;
        default:
            break;
    }
}

void read_exec(const Reader& field, TaskRequest& request) {
    switch (field.field()) {
        case 2:
            request.exec_id = field.text();
            break;
        case 3:
            request.streams.terminal = field.flag();
            break;
        case 4:
            request.streams.in = field.text();
            break;
        case 5:
            request.streams.out = field.text();
            break;
        case 6:
            request.streams.err = field.text();
            break;
        case 7:
            request.body = read_any(field.bytes());
            break;
        default:
            break;
    }
}

void read_small(Shape shape, const Reader& field, TaskRequest& request) {
    if (shape == Shape::Update) {
        if (field.field() == 2) request.body = read_any(field.bytes());
        return;
    }
    if (shape == Shape::Checkpoint) {
        if (field.field() == 2) request.checkpoint = field.text();
        if (field.field() == 3) request.body = read_any(field.bytes());
        return;
    }
    if (field.field() == 2) request.exec_id = field.text();
    if (shape == Shape::Kill && field.field() == 3) request.signal = field.small();
    if (shape == Shape::Kill && field.field() == 4) request.all = field.flag();
    if (shape == Shape::Resize && field.field() == 3) request.width = field.small();
    if (shape == Shape::Resize && field.field() == 4) request.height = field.small();
}

}  // namespace

Timestamp now() noexcept {
    ::timespec moment{};
    ::clock_gettime(CLOCK_REALTIME, &moment);
    return {.seconds = moment.tv_sec, .nanoseconds = static_cast<std::int32_t>(moment.tv_nsec)};
}

Any read_any(std::string_view bytes) {
    Any any;
    Reader reader(bytes);
    while (reader.next()) {
        if (reader.field() == 1) any.type = reader.text();
        if (reader.field() == 2) any.value = reader.text();
    }
    return any;
}

std::optional<TaskRequest> read_task_request(Shape shape, std::string_view bytes) {
    TaskRequest request;
    Reader reader(bytes);
    while (reader.next()) {
        if (reader.field() == 1)
            request.id = reader.text();
        else if (shape == Shape::Create)
            read_create(reader, request);
        else if (shape == Shape::Exec)
            read_exec(reader, request);
        else
            read_small(shape, reader, request);
    }
    if (reader.damaged()) return std::nullopt;
    return request;
}

}  // namespace cleat::shim
