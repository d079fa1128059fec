// Room: base (layer 0, pure). The wire format of protocol buffers: what a message is made of, field
// by field, without a description of messages (protobuf.dev, "Encoding").
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace cleat::protobuf {

/// A message in the making. Fields come in the order in which they are added.
class Writer {
 public:
    /// Of any type that is a varint: numbers (a negative one sign-extended), booleans,
    /// enumerations.
    void number(std::uint32_t field, std::uint64_t value) {
        varint(std::uint64_t{field} << kTypeBits | kVarint);
        varint(value);
    }
    void text(std::uint32_t field, std::string_view value) {
        varint(std::uint64_t{field} << kTypeBits | kBytes);
        varint(value.size());
        out_ += value;
    }
    void message(std::uint32_t field, const Writer& inner) { text(field, inner.out_); }
    [[nodiscard]] std::string take() && noexcept { return std::move(out_); }

    static constexpr unsigned kTypeBits = 3;
    static constexpr unsigned kVarint = 0;
    static constexpr unsigned kBytes = 2;

 private:
    void varint(std::uint64_t value);
    std::string out_;
};

/// One field of a message: a number, or the bytes of a text or an inner message.
struct Field {
    std::uint32_t number = 0;
    std::uint64_t value = 0;
    std::string_view bytes = {};
};

/// Gives the fields of a message one after the other. What is cut off or of a type that nobody
/// sends is the end, and then the message is broken.
class Reader {
 public:
    explicit Reader(std::string_view message) noexcept : left_(message) {}
    [[nodiscard]] std::optional<Field> next() noexcept;
    [[nodiscard]] bool broken() const noexcept { return broken_; }

 private:
    [[nodiscard]] std::optional<std::uint64_t> varint() noexcept;
    [[nodiscard]] std::optional<std::string_view> take(std::uint64_t size) noexcept;
    [[nodiscard]] bool read_value(unsigned type, Field& field) noexcept;
    std::string_view left_;
    bool broken_ = false;
};

}  // namespace cleat::protobuf
