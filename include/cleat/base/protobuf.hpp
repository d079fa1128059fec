// Room: base (layer 0, pure). Protocol buffers (protobuf.dev/programming-guides/encoding), as much
// of them as the messages of containerd and CRIU need: a reader over bytes that stay where they
// are, and a writer.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace cleat::protobuf {

/// Goes through the fields of one message in their order; those that nobody asks for are passed by.
class Reader {
 public:
    explicit Reader(std::string_view bytes) noexcept : rest_(bytes) {}
    /// To the next field; false at the end, and for good where the bytes make no sense.
    [[nodiscard]] bool next() noexcept;
    [[nodiscard]] std::uint32_t field() const noexcept { return field_; }
    /// The field's number, 0 if it has none.
    [[nodiscard]] std::uint64_t number() const noexcept { return number_; }
    [[nodiscard]] std::uint32_t small() const noexcept {
        return static_cast<std::uint32_t>(number_);
    }
    [[nodiscard]] bool flag() const noexcept { return number_ != 0; }
    /// The field's bytes, none if it is a number.
    [[nodiscard]] std::string_view bytes() const noexcept { return bytes_; }
    [[nodiscard]] std::string text() const { return std::string(bytes_); }
    [[nodiscard]] bool damaged() const noexcept { return damaged_; }

 private:
    [[nodiscard]] bool varint(std::uint64_t& value) noexcept;
    [[nodiscard]] bool fixed(std::size_t size) noexcept;
    [[nodiscard]] bool value(std::uint64_t wire_type) noexcept;

    std::string_view rest_;
    std::string_view bytes_;
    std::uint64_t number_ = 0;
    std::uint32_t field_ = 0;
    bool damaged_ = false;
};

/// Writes one message. As in proto3, a number of 0 and an empty text are not written.
class Writer {
 public:
    Writer& number(std::uint32_t field, std::uint64_t value);
    /// The same for a number that means something when it is 0.
    Writer& any_number(std::uint32_t field, std::uint64_t value);
    Writer& text(std::uint32_t field, std::string_view value);
    Writer& real(std::uint32_t field, double value);
    /// Repeated numbers, as one field.
    Writer& packed(std::uint32_t field, const std::vector<std::uint64_t>& values);
    /// A message in the message, written also when it is empty.
    Writer& message(std::uint32_t field, std::string_view encoded);
    Writer& message(std::uint32_t field, const Writer& inner) {
        return message(field, inner.bytes_);
    }
    [[nodiscard]] std::string take() noexcept { return std::move(bytes_); }
    [[nodiscard]] bool empty() const noexcept { return bytes_.empty(); }

 private:
    void varint(std::uint64_t value);
    void key(std::uint32_t field, std::uint32_t wire_type) { varint(field << 3U | wire_type); }

    std::string bytes_;
};

}  // namespace cleat::protobuf
