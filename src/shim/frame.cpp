// Room: shim. ttrpc. Pure.
#include "frame.hpp"

#include "cleat/base/protobuf.hpp"
#include "cleat/base/text.hpp"

namespace cleat::shim {

using protobuf::Reader;
using protobuf::Writer;
namespace {

constexpr unsigned kByte = 8;

/// Network order.
std::uint32_t read_number(std::string_view bytes) noexcept {
    std::uint32_t value = 0;
    for (std::size_t i = 0; i < sizeof value; ++i)
        value = value << kByte | static_cast<unsigned char>(bytes[i]);
    return value;
}

void write_number(std::string& out, std::uint32_t value) {
    for (unsigned shift = 32; shift > 0; shift -= kByte)
        out += static_cast<char>(value >> (shift - kByte));
}

}  // namespace

Status status_of(const Error& error, std::string_view context) {
    Code code = Code::Unknown;
    if (error.kind == ErrorKind::NotFound) code = Code::NotFound;
    if (error.kind == ErrorKind::Exists) code = Code::AlreadyExists;
    if (error.kind == ErrorKind::InvalidArgument) code = Code::InvalidArgument;
    if (error.kind == ErrorKind::State) code = Code::FailedPrecondition;
    return {.code = code, .text = concat(context, context.empty() ? "" : ": ", describe(error))};
}

Header read_header(std::string_view bytes) noexcept {
    return {.length = read_number(bytes),
            .stream = read_number(bytes.substr(4)),
            .type = static_cast<std::uint8_t>(bytes[8]),
            .flags = static_cast<std::uint8_t>(bytes[9])};
}

std::string frame(std::uint32_t stream, FrameType type, std::string_view payload) {
    std::string out;
    out.reserve(kHeaderSize + payload.size());
    write_number(out, static_cast<std::uint32_t>(payload.size()));
    write_number(out, stream);
    out += static_cast<char>(type);
    out += '\0';
    out += payload;
    return out;
}

std::optional<Request> read_request(std::string_view bytes) noexcept {
    Request request;
    Reader reader(bytes);
    while (reader.next()) {
        if (reader.field() == 1) request.service = reader.bytes();
        if (reader.field() == 2) request.method = reader.bytes();
        if (reader.field() == 3) request.payload = reader.bytes();
    }
    if (reader.damaged()) return std::nullopt;
    return request;
}

std::string write_request(const Request& request) {
    return Writer()
        .text(1, request.service)
        .text(2, request.method)
        .text(3, request.payload)
        .take();
}

std::string write_response(const Answer& answer) {
    if (answer) return Writer().text(2, *answer).take();
    const auto& status = answer.error();
    return Writer()
        .message(1,
                 Writer().number(1, static_cast<std::uint32_t>(status.code)).text(2, status.text))
        .take();
}

Answer read_response(std::string_view bytes) {
    Reader reader(bytes);
    Status status{.code = Code{0}, .text = {}};
    std::string payload;
    while (reader.next()) {
        if (reader.field() == 2) payload = reader.text();
        if (reader.field() != 1) continue;
        Reader inner(reader.bytes());
        while (inner.next()) {
            if (inner.field() == 1) status.code = static_cast<Code>(inner.number());
            if (inner.field() == 2) status.text = inner.text();
        }
        if (inner.damaged()) return refuse(Code::Unknown, "damaged status");
    }
    if (reader.damaged()) return refuse(Code::Unknown, "damaged response");
    if (status.code != Code{0}) return std::unexpected(std::move(status));
    return payload;
}

}  // namespace cleat::shim
