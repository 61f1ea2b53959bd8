/// An enum whose variants are words in the database (`TEXT`), in JSON and in commands.
///
/// ```
/// store::words! {
///     /// Where a request stands.
///     pub enum Status {
///         /// Nobody asked.
///         NotRequested = "not_requested",
///         /// Somebody asked.
///         Requested = "requested",
///     }
/// }
/// assert_eq!(Status::Requested.as_str(), "requested");
/// assert_eq!("not_requested".parse(), Ok(Status::NotRequested));
/// ```
#[macro_export]
macro_rules! words {
    ($(#[$outer:meta])* $visibility:vis enum $name:ident { $($(#[$inner:meta])* $variant:ident = $word:literal),+ $(,)? }) => {
        $(#[$outer])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        $visibility enum $name { $($(#[$inner])* $variant),+ }

        impl $name {
            /// Every one of them, in order.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The word that stands for it.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }
        }

        impl ::std::str::FromStr for $name {
            type Err = String;

            fn from_str(text: &str) -> ::std::result::Result<Self, String> {
                match text {
                    $($word => Ok(Self::$variant),)+
                    _ => Err(format!("{text:?} is none of {}", [$($word),+].join(", "))),
                }
            }
        }

        impl ::std::fmt::Display for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result { f.write_str(self.as_str()) }
        }

        impl ::serde::Serialize for $name {
            fn serialize<S: ::serde::Serializer>(&self, serializer: S) -> ::std::result::Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> ::serde::Deserialize<'de> for $name {
            fn deserialize<D: ::serde::Deserializer<'de>>(deserializer: D) -> ::std::result::Result<Self, D::Error> {
                let text = <::std::borrow::Cow<'de, str> as ::serde::Deserialize>::deserialize(deserializer)?;
                text.parse().map_err(::serde::de::Error::custom)
            }
        }

        $crate::words!(@database $name, $crate::sqlx::Sqlite);
        $crate::words!(@database $name, $crate::sqlx::Postgres);
    };
    (@database $name:ident, $database:ty) => {
        impl $crate::sqlx::Type<$database> for $name {
            fn type_info() -> <$database as $crate::sqlx::Database>::TypeInfo {
                <String as $crate::sqlx::Type<$database>>::type_info()
            }

            fn compatible(info: &<$database as $crate::sqlx::Database>::TypeInfo) -> bool {
                <String as $crate::sqlx::Type<$database>>::compatible(info)
            }
        }

        impl<'q> $crate::sqlx::Encode<'q, $database> for $name {
            fn encode_by_ref(
                &self,
                buffer: &mut <$database as $crate::sqlx::Database>::ArgumentBuffer,
            ) -> ::std::result::Result<$crate::sqlx::encode::IsNull, $crate::sqlx::error::BoxDynError> {
                $crate::sqlx::Encode::<$database>::encode(self.as_str().to_owned(), buffer)
            }
        }

        impl<'r> $crate::sqlx::Decode<'r, $database> for $name {
            fn decode(
                value: <$database as $crate::sqlx::Database>::ValueRef<'r>,
            ) -> ::std::result::Result<Self, $crate::sqlx::error::BoxDynError> {
                Ok(<&str as $crate::sqlx::Decode<$database>>::decode(value)?.parse()?)
            }
        }
    };
}
